import { useState } from "preact/hooks";
import { addUser, changeUser, type Quotas, type User } from "../api";
import { Button, Dialog, ErrorNote, TextField } from "../parts";
import { phrases } from "../text";
import { text } from "./text";

const NAME = /^[a-z0-9][a-z0-9\-_.@]{0,63}$/;
const MEGABYTE = 1_000_000;

/** As typed: nothing is no bound. */
interface Typed {
  name: string;
  images: string;
  megabytes: string;
  requests: string;
}

const isBound = (typed: string) => typed.trim() === "" || (Number.isFinite(Number(typed)) && Number(typed) >= 0);
const bound = (typed: string, unit = 1) => (typed.trim() === "" ? null : Math.round(Number(typed) * unit));

const quotasOf = ({ images, megabytes, requests }: Typed): Quotas => ({ max_images: bound(images), max_bytes: bound(megabytes, MEGABYTE), requests_per_minute: bound(requests) });

function typedOf(user: User | undefined): Typed {
  const { max_images, max_bytes, requests_per_minute } = user?.quotas ?? {};
  return { name: user?.name ?? "", images: max_images?.toString() ?? "", megabytes: max_bytes == null ? "" : String(max_bytes / MEGABYTE), requests: requests_per_minute?.toString() ?? "" };
}

/** A new user, or the limits of one. */
export function UserForm({ user, onClose, onDone }: { user?: User; onClose: () => void; onDone: (user: User) => void }) {
  const [typed, type] = useState(() => typedOf(user));
  const [isTried, setTried] = useState(false);
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const isNamed = user !== undefined || NAME.test(typed.name.trim());
  const isRight = isNamed && [typed.images, typed.megabytes, typed.requests].every(isBound);

  const submit = async () => {
    setTried(true);
    if (!isRight || isBusy) return;
    setBusy(true);
    try {
      onDone(await (user ? changeUser(user.id, quotasOf(typed)) : addUser({ name: typed.name.trim(), ...quotasOf(typed) })));
    } catch (problem) {
      setError(problem);
      setBusy(false);
    }
  };

  const number = (name: "images" | "megabytes" | "requests", label: string) => (
    <TextField type="text" inputMode="decimal" label={label} error={isBound(typed[name]) ? undefined : text.numberWrong()} value={typed[name]} onInput={(event) => type({ ...typed, [name]: event.currentTarget.value })} />
  );
  return (
    <Dialog title={user ? text.quotasOf({ name: user.name }) : text.addUser()} onClose={onClose} onSubmit={() => void submit()} actions={<><Button onClick={onClose}>{phrases.cancel()}</Button><Button type="submit" kind="primary" busy={isBusy}>{user ? phrases.save() : text.add()}</Button></>}>
      {!user && <TextField label={text.name()} hint={text.nameHint()} error={isTried && !isNamed ? text.nameWrong() : undefined} autoFocus autoComplete="off" autoCapitalize="off" spellcheck={false} value={typed.name} onInput={(event) => type({ ...typed, name: event.currentTarget.value })} />}
      <p class="access-soft">{text.quotasHint()}</p>
      {number("images", text.maxImages())}
      {number("megabytes", text.maxMegabytes())}
      {number("requests", text.perMinute())}
      {error !== undefined && <ErrorNote error={error} />}
    </Dialog>
  );
}
