// Refreshes the committed third-party files: `npm ci --ignore-scripts`, then copies or bundles into
// ../static/vendor and draws the icon sprite. Run it with `npm run vendor` after changing a version,
// an entry or icons.txt, and commit what changed.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const modules = join(here, "node_modules");
const vendor = join(here, "..", "static", "vendor");
const icons = join(here, "..", "static", "icons");

execFileSync("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], { cwd: here, stdio: "inherit" });
const { build } = await import("esbuild");
const { default: subsetFont } = await import("subset-font");

/** @type {{name: string, version: string, licence: string, licence_file: string, parts: string[], files: object[]}[]} */
const entries = [];

const packageOf = (name) => JSON.parse(readFileSync(join(modules, name, "package.json"), "utf8"));
const read = (...path) => readFileSync(join(modules, ...path));

function write(folder, name, content) {
  writeFileSync(join(folder, name), content);
  return {
    file: `${folder === icons ? "icons" : "vendor"}/${name}`,
    sha256: createHash("sha256").update(content).digest("hex"),
  };
}

/** The licence text of a package, under its name when it is bundled into another one. */
function licenceOf(name, heading) {
  const file = readdirSync(join(modules, name)).find((entry) => /^licen[cs]e/i.test(entry));
  const text = file ? read(name, file).toString("utf8").trim() : `${packageOf(name).license} (${name})`;
  return heading ? `${"-".repeat(80)}\n${name}\n\n${text}\n` : `${text}\n`;
}

/** Records one vendored thing and puts its licence text, with those of its parts, beside it. */
function record(name, { licence, files, parts = [], label = name }) {
  const licenceFile = `LICENCE-${label.replace(/[@/]+/g, "-").replace(/^-/, "")}.txt`;
  const text = [licenceOf(name, false), ...parts.map((part) => licenceOf(part, true))].join("\n");
  const withLicence = [...files, write(vendor, licenceFile, text)];
  entries.push({
    name,
    version: packageOf(name).version,
    licence,
    licence_file: `vendor/${licenceFile}`,
    parts: parts.map((part) => `${part}@${packageOf(part).version}`),
    files: withLicence,
  });
}

/** One ES module without source map; licence banners stay in the licence files. */
async function bundle(entry) {
  const result = await build({
    entryPoints: [join(here, "entries", entry)],
    bundle: true,
    format: "esm",
    minify: true,
    target: "es2022",
    legalComments: "none",
    banner: { js: "// @ts-nocheck" },
    mainFields: ["module:es2019", "module", "main"],
    define: { "process.env.NODE_ENV": '"production"' },
    write: false,
  });
  return Buffer.from(result.outputFiles[0].contents);
}

/** A third-party script without the reference to a source map that is not shipped. */
function withoutSourceMap(content) {
  return Buffer.from(content.toString("utf8").replace(/\n?\/\/# sourceMappingURL=\S+\s*$/, "\n"));
}

function sprite() {
  const names = readFileSync(join(here, "icons.txt"), "utf8")
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line && !line.startsWith("#"));
  const symbols = names.map((name) => {
    const source = read("@tabler/icons", "icons", "outline", `${name}.svg`).toString("utf8");
    const body = source
      .replace(/<!--[\s\S]*?-->/g, "")
      .replace(/<svg[\s\S]*?>/, "")
      .replace("</svg>", "")
      .replace(/<path stroke="none" d="M0 0h24v24H0z" fill="none"\s*\/>/, "")
      .replace(/\s*\n\s*/g, "")
      .replace(/ \/>/g, "/>");
    return `<symbol id="${name}" viewBox="0 0 24 24">${body}</symbol>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg">\n${symbols.join("\n")}\n</svg>\n`;
}

rmSync(vendor, { recursive: true, force: true });
mkdirSync(vendor, { recursive: true });
mkdirSync(icons, { recursive: true });

const htmx = packageOf("htmx.org").version;
record("htmx.org", {
  licence: "0BSD",
  files: [write(vendor, `htmx-${htmx}.js`, withoutSourceMap(read("htmx.org", "dist", "htmx.min.js")))],
});

const pdnd = "@atlaskit/pragmatic-drag-and-drop";
record(pdnd, {
  licence: "Apache-2.0",
  parts: [`${pdnd}-hitbox`, `${pdnd}-auto-scroll`, "bind-event-listener", "raf-schd", "@babel/runtime"],
  files: [write(vendor, `pdnd-${packageOf(pdnd).version}.js`, await bundle("pdnd.js"))],
});

record("tom-select", {
  licence: "Apache-2.0",
  parts: ["@orchidjs/sifter", "@orchidjs/unicode-variants"],
  files: [write(vendor, `tom-select-${packageOf("tom-select").version}.js`, await bundle("tom-select.js"))],
});

const inter = "@fontsource-variable/inter";
const font = (subset) => read(inter, "files", `inter-${subset}-wght-normal.woff2`);
record(inter, {
  licence: "OFL-1.1",
  label: "inter",
  files: [
    write(vendor, "inter-latin.woff2", font("latin")),
    write(vendor, "inter-cyrillic.woff2", font("cyrillic")),
    // The rouble sign is only in latin-ext, 85 KB: cut the one glyph out.
    write(vendor, "inter-rouble.woff2", await subsetFont(font("latin-ext"), "₽", { targetFormat: "woff2" })),
  ],
});

record("@tabler/icons", {
  licence: "MIT",
  label: "tabler-icons",
  files: [write(icons, "sprite.svg", sprite())],
});

writeFileSync(join(vendor, "VENDOR.json"), `${JSON.stringify(entries, null, 2)}\n`);
