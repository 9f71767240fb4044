import js from "@eslint/js";
import tseslint from "typescript-eslint";

export default tseslint.config(
  { ignores: ["dist/", "node_modules/"] },
  js.configs.recommended,
  {
    files: ["src/**/*.ts", "test/**/*.ts"],
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      // Numbers in texts are as plain as in JavaScript.
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
      // `() => emitter.fire()` is how listeners are written here.
      "@typescript-eslint/no-confusing-void-expression": ["error", { ignoreArrowShorthand: true }],
      // vscode.Disposable is a class that VS Code itself uses as an interface.
      "@typescript-eslint/no-unsafe-class-instance-assignment": "off",
      "@typescript-eslint/explicit-module-boundary-types": "error",
      "no-console": "error",
    },
  },
  // node:test awaits what `test` returns by itself.
  { files: ["test/**/*.ts"], rules: { "@typescript-eslint/no-floating-promises": "off" } },
  { files: ["*.mjs"], languageOptions: { globals: { process: "readonly" } } },
);
