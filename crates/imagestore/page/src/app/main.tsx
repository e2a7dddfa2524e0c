import { render } from "preact";
import { loadSession } from "../api";
import { followLinks } from "./router";
import { Shell } from "./shell";

followLinks();
void loadSession().catch(() => undefined);
render(<Shell />, document.getElementById("app")!);
