import assert from "node:assert/strict";
import { test } from "node:test";
import { candidates, find, type Surroundings } from "../src/server/discovery";

const AROUND: Surroundings = {
  setting: "",
  trusted: true,
  folders: ["/home/ada/shop", "/home/ada/site"],
  interpreter: "/opt/conda/envs/shop/bin/python3",
  path: ["/usr/local/bin", "/usr/bin"],
  privateEnvironment: "/home/ada/.storage/server",
  home: "/home/ada",
  platform: "linux",
};

function places(changes: Partial<Surroundings>): string[] {
  return candidates({ ...AROUND, ...changes }).map(({ program }) => program);
}

test("the selected environment comes first, then .venv, PATH, and the private environment", () => {
  assert.deepEqual(candidates(AROUND), [
    { source: "python", program: "/opt/conda/envs/shop/bin/codewm-lsp" },
    { source: "virtual environment", program: "/home/ada/shop/.venv/bin/codewm-lsp" },
    { source: "virtual environment", program: "/home/ada/site/.venv/bin/codewm-lsp" },
    { source: "PATH", program: "/usr/local/bin/codewm-lsp" },
    { source: "PATH", program: "/usr/bin/codewm-lsp" },
    { source: "private environment", program: "/home/ada/.storage/server/bin/codewm-lsp" },
  ]);
});

test("a setting is meant: nothing else is looked at, there or not", async () => {
  const around = { ...AROUND, setting: "/opt/codewm-lsp" };
  assert.deepEqual(candidates(around), [{ source: "setting", program: "/opt/codewm-lsp" }]);
  assert.equal(await find(around, () => Promise.resolve(false)), undefined);
});

test("a setting may begin with the home folder or the workspace folder", () => {
  assert.deepEqual(places({ setting: "~/bin/codewm-lsp" }), ["/home/ada/bin/codewm-lsp"]);
  assert.deepEqual(places({ setting: "${workspaceFolder}/tools/codewm-lsp" }), ["/home/ada/shop/tools/codewm-lsp"]);
});

test("a setting that is no absolute path names nothing: the folder it would be taken from is not ours to choose", () => {
  assert.deepEqual(places({ setting: "codewm-lsp" }), []);
});

test("an untrusted workspace has no say: no selected environment, no .venv, nothing on PATH that lies in it", () => {
  assert.deepEqual(places({ trusted: false, path: ["/home/ada/shop/bin", "/home/ada/shop", "/usr/bin", "/home/ada/shopping"] }), [
    "/usr/bin/codewm-lsp",
    "/home/ada/shopping/codewm-lsp",
    "/home/ada/.storage/server/bin/codewm-lsp",
  ]);
});

test("entries of PATH that are not absolute are passed over: they would be looked for wherever we happen to be", () => {
  const found = places({ interpreter: undefined, folders: [], path: ["", ".", "node_modules/.bin", "/usr/bin"] });
  assert.deepEqual(found, ["/usr/bin/codewm-lsp", "/home/ada/.storage/server/bin/codewm-lsp"]);
});

test("the first that is there is found", async () => {
  const there = ["/usr/bin/codewm-lsp", "/home/ada/.storage/server/bin/codewm-lsp"];
  const found = await find(AROUND, (program) => Promise.resolve(there.includes(program)));
  assert.deepEqual(found, { source: "PATH", program: "/usr/bin/codewm-lsp" });
});
