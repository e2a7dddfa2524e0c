import { useState } from "preact/hooks";
import { makeKey, type NewAccessKey, type Scope, type User } from "../api";
import { Button, Checkbox, CopyButton, Dialog, ErrorNote, Select, TextField } from "../parts";
import { phrases } from "../text";
import { SCOPES } from "./scopes";
import { text } from "./text";

const DAYS = ["", "7", "30", "90", "365"] as const;
const DAY = 86_400_000;

/** Makes a key and shows it, the only time that it is shown. */
export function KeyForm({ users, user: first, onClose, onMade }: { users: readonly User[]; user: string; onClose: () => void; onMade: () => void }) {
  const [made, setMade] = useState<NewAccessKey | undefined>();
  if (made) return <Made made={made} onClose={onClose} />;
  return <Form users={users} first={first} onClose={onClose} onMade={(key) => { setMade(key); onMade(); }} />;
}

function Form({ users, first, onClose, onMade }: { users: readonly User[]; first: string; onClose: () => void; onMade: (key: NewAccessKey) => void }) {
  const [user, setUser] = useState(first);
  const [label, setLabel] = useState("");
  const [scopes, setScopes] = useState<readonly Scope[]>(["read", "write", "delete"]);
  const [days, setDays] = useState<(typeof DAYS)[number]>("90");
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();

  const submit = async () => {
    if (scopes.length === 0 || isBusy) return;
    setBusy(true);
    try {
      const expires_at = days ? new Date(Date.now() + Number(days) * DAY).toISOString() : undefined;
      onMade(await makeKey({ user_id: user, label: label.trim() || undefined, scopes: [...scopes], expires_at }));
    } catch (problem) {
      setError(problem);
      setBusy(false);
    }
  };

  return (
    <Dialog title={text.makeKey()} onClose={onClose} onSubmit={() => void submit()} actions={<><Button onClick={onClose}>{phrases.cancel()}</Button><Button type="submit" kind="primary" busy={isBusy}>{text.make()}</Button></>}>
      <Select label={text.user()} value={user} options={users.map(({ id, name }) => ({ value: id, label: name }))} onChoose={setUser} />
      <TextField label={text.label()} hint={text.labelHint()} maxLength={50} value={label} onInput={(event) => setLabel(event.currentTarget.value)} />
      <fieldset class="access-scopes">
        <legend>{text.scopes()}</legend>
        {SCOPES.map(({ scope, name, hint }) => (
          <Checkbox key={scope} label={name()} hint={hint()} checked={scopes.includes(scope)} onChange={(event) => setScopes(event.currentTarget.checked ? [...scopes, scope] : scopes.filter((other) => other !== scope))} />
        ))}
        {scopes.length === 0 && <p class="field-error" role="alert">{text.scopesWrong()}</p>}
      </fieldset>
      <Select label={text.holdsFor()} value={days} options={DAYS.map((value) => ({ value, label: value ? text.forDays({ count: Number(value) }) : text.never() }))} onChoose={setDays} />
      {error !== undefined && <ErrorNote error={error} />}
    </Dialog>
  );
}

function Made({ made, onClose }: { made: NewAccessKey; onClose: () => void }) {
  return (
    <Dialog title={text.keyMade()} onClose={onClose} actions={<Button kind="primary" onClick={onClose}>{text.copied()}</Button>}>
      <p>{text.keyOnce()}</p>
      <div class="access-made">
        <TextField label={text.key()} readOnly value={made.key} onFocus={(event) => event.currentTarget.select()} />
        <CopyButton value={made.key} label={text.copyKey()} />
      </div>
    </Dialog>
  );
}
