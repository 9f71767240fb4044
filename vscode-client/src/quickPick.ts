/** Strangers' texts in quick picks, where `$(name)` would become an icon. */

export interface Pickable {
  label: string;
  description: string;
  detail: string;
}

export function pickable(label: string, description: string, detail = ""): Pickable {
  return { label: literal(label), description: literal(description), detail: literal(detail) };
}

function literal(text: string): string {
  return text.replaceAll("$(", "$\u200b(");
}
