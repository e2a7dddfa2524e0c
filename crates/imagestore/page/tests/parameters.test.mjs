import assert from "node:assert/strict";
import test from "node:test";
import { load } from "./modules.mjs";

const { asked, read } = await load("workbench/address.ts");
const { choose, effective, isOutside, PARAMETERS } = await load("workbench/parameters/index.ts");

const ID = "01890a5d-ac96-774b-bcce-b302099a8057";
const photo = { width: 800, height: 600, format: "jpg", animated: false };

test("values are written in an address and read back", () => {
  const values = { w: "300", h: "200", fit: "cover", gravity: "fp:0.2:0.5", pad: "1,2,3,4", wmtext: "a b\nc&d", format: "webp" };
  const { path, query, format } = asked(ID, values, photo);
  assert.equal(path, `/i/${ID}.webp?${query}`);
  assert.equal(format, "webp");
  assert.match(query, /gravity=fp:0\.2:0\.5/);
  const found = read(`https://img.example.org${path}`);
  assert.deepEqual({ ...found.values }, values);
  assert.equal(found.id, ID);
});

test("what means nothing beside the others is kept out of the address", () => {
  assert.equal(asked(ID, { fit: "cover", gravity: "north", wmpos: "tile", page: "2", gps: "keep" }, photo).path, `/i/${ID}`);
  assert.deepEqual(Object.keys(effective({ gps: "keep", strip: "0" }, photo)), ["strip", "gps"]);
});

test("an address may be a query alone, name a type, and have what is beside parameters", () => {
  assert.deepEqual(read("?w=10&type=png").values, { w: "10", format: "png" });
  assert.deepEqual(read("w=10&v=2&sig=x").unknown, []);
  assert.deepEqual(read(`/i/${ID}?flip&foo=1&trim`), { id: ID, values: { flip: "1", trim: "10" }, unknown: ["foo"] });
  assert.equal(read("hello"), null);
});

test("what the service refuses side by side is not chosen side by side", () => {
  assert.deepEqual(choose({ q: "80" }, "target", "high"), { target: "high" });
  assert.deepEqual(choose({ sepia: "1" }, "gray", "1"), { gray: "1" });
  for (const { name, excludes = [] } of PARAMETERS.values())
    for (const other of excludes) assert.ok(PARAMETERS.has(other), `${name}: ${other}`);
});

test("numbers out of range are known before the service is asked", () => {
  const outside = (name, value) => isOutside(PARAMETERS.get(name).control, value);
  assert.deepEqual(
    ["0", "1", "16384", "16385", "1.5", "auto"].map((value) => outside("w", value)),
    [true, false, false, true, true, false],
  );
  assert.deepEqual(
    ["9", "10", "high", "lossless", "101"].map((value) => outside("target", value)),
    [true, false, false, false, true],
  );
});
