/** Light, dark, or what the system says; remembered where the browser lets a page remember something. */

const KEY = "codewm-theme";

/** Let the select choose, and begin with what was chosen last. */
export function followTheme(select: HTMLSelectElement): void {
  select.value = remembered();
  show(select.value);
  select.addEventListener("change", () => {
    show(select.value);
    try {
      localStorage.setItem(KEY, select.value);
    } catch {
      // A browser that forbids it forgets the choice.
    }
  });
}

function remembered(): string {
  try {
    const found = localStorage.getItem(KEY) ?? "";
    return ["light", "dark"].includes(found) ? found : "system";
  } catch {
    return "system";
  }
}

function show(theme: string): void {
  document.documentElement.dataset["theme"] = theme;
}
