import { defineConfig } from "vite";
import type { Plugin } from "vite";

/** onnxruntime's WebAssembly is among the packed data: the copy that its package names is not needed. */
const withoutUnpackedRuntime: Plugin = {
  name: "without-unpacked-runtime",
  generateBundle(_, bundle) {
    for (const name of Object.keys(bundle)) {
      if (name.endsWith(".wasm")) {
        Reflect.deleteProperty(bundle, name);
      }
    }
  },
};

export default defineConfig({
  base: "./", // the page may lie in any folder of a server
  publicDir: process.env["CODEWM_DOCS_DATA"] ?? "../../build/docs-data",
  plugins: [withoutUnpackedRuntime],
  build: {
    target: "es2023",
    assetsInlineLimit: 0, // the page's policy allows no data: addresses
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 2000,
    license: { fileName: "licenses.md" },
  },
});
