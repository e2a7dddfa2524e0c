import { render } from "preact";
import { followLinks } from "./router";
import { learnSession, Shell } from "./shell";

followLinks();
learnSession();
render(<Shell />, document.getElementById("app")!);
