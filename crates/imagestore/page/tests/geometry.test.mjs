import assert from "node:assert/strict";
import test from "node:test";
import { load } from "./modules.mjs";

const { moved, ofAspect, parseRegion, pulled, regionValue, whole } = await load("workbench/crop.ts");
const { fitted, panned, placed, zoomed } = await load("compare/view.ts");

const picture = { width: 1000, height: 500 };

test("a region stays in the picture however it is moved or pulled", () => {
  const region = { x: 100, y: 100, width: 200, height: 100 };
  assert.deepEqual(moved(region, -500, 900, picture), { x: 0, y: 400, width: 200, height: 100 });
  assert.deepEqual(pulled(region, { x: 1, y: 1 }, 5000, 5000, picture), { x: 100, y: 100, width: 900, height: 400 });
  assert.deepEqual(pulled(region, { x: -1, y: 0 }, 900, 0, picture), { x: 299, y: 100, width: 1, height: 100 });
});

test("a region keeps its proportions, and the corner that is not pulled", () => {
  const square = ofAspect(whole(picture), 1, picture);
  assert.deepEqual(square, { x: 250, y: 0, width: 500, height: 500 });
  const smaller = pulled(square, { x: -1, y: -1 }, 100, 30, picture, 1);
  assert.equal(smaller.width, smaller.height);
  assert.equal(smaller.x + smaller.width, 750);
  assert.equal(smaller.y + smaller.height, 500);
});

test("a region is written as the parameter takes it", () => {
  assert.deepEqual(parseRegion("1,2,3,4"), { x: 1, y: 2, width: 3, height: 4 });
  assert.equal(regionValue(parseRegion("1,2,3,4")), "1,2,3,4");
  assert.equal(parseRegion("1,2,3"), undefined);
});

test("zooming keeps what is under the pointer there", () => {
  const frame = { width: 500, height: 500 };
  const view = fitted(picture, frame);
  assert.equal(view.scale, 0.5);
  const closer = zoomed(view, 2, 100, 0, picture, frame);
  const before = view.x + 100 / view.scale;
  assert.equal(closer.x + 100 / closer.scale, before);
});

test("the picture cannot be moved out of the frame", () => {
  const frame = { width: 500, height: 500 };
  const closer = zoomed(fitted(picture, frame), 2, 0, 0, picture, frame);
  const { left, top } = placed(panned(closer, 1e6, 1e6, picture, frame), picture, frame);
  assert.deepEqual([left, top], [0, 0]);
});
