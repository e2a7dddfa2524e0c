import type { InputHTMLAttributes } from "preact";
import { useRef, useState } from "preact/hooks";
import hideIcon from "icon:eye-off";
import showIcon from "icon:eye";
import keyIcon from "icon:key-round";
import { may, Problem, session, signIn, signOut, type Scope } from "../api";
import { navigate } from "../app/router";
import { Button, EmptyState, ErrorNote, Field, Icon, IconButton, report } from "../parts";
import { phrases } from "../text";
import { text } from "./text";

/** Whoever has none of these finds nothing to do here. */
const USEFUL: readonly Scope[] = ["read", "write", "delete", "admin"];

/** Where one wanted to go before one was asked for a key; never to another site. */
function wanted(): string {
  const next = new URLSearchParams(window.location.search).get("next") ?? "/";
  const { origin, pathname, search } = new URL(next, window.location.origin);
  return origin === window.location.origin ? pathname + search : "/";
}

export default function SignIn() {
  const known = session.value;
  if (known?.auth.mode === "off") {
    return (
      <EmptyState level={1} icon={keyIcon} title={text.noNeed()} hint={text.noNeedHint()}>
        <a class="button button-primary" href="/">{phrases.toGallery()}</a>
      </EmptyState>
    );
  }
  if (known?.user && USEFUL.some(may)) {
    return (
      <EmptyState level={1} icon={keyIcon} title={text.already({ name: known.user.name })} hint={text.alreadyHint()}>
        <Button onClick={() => void signOut().catch(report)}>{text.signOut()}</Button>
        <a class="button button-primary" href="/">{phrases.toGallery()}</a>
      </EmptyState>
    );
  }
  return <KeyForm />;
}

function KeyForm() {
  const [isShown, show] = useState(false);
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const field = useRef<HTMLInputElement>(null);

  const submit = async () => {
    const key = field.current!.value.trim();
    setError(undefined);
    if (key === "") {
      setError(text.missing());
      field.current!.focus();
      return;
    }
    setBusy(true);
    try {
      // The key's place is the cookie: the page keeps it nowhere, and goes on only if there is something to see.
      const target = wanted();
      await signIn(key);
      if (USEFUL.some(may)) return navigate(target, { replace: true });
      await signOut();
      setError(text.nothing());
    } catch (problem) {
      setError(problem instanceof Problem && problem.status === 401 ? text.wrong() : problem);
      field.current?.select();
    } finally {
      setBusy(false);
    }
  };

  // The types of Preact know a set of attributes for each `type`, and none for one that changes.
  const kind = { type: isShown ? "text" : "password" } as InputHTMLAttributes<HTMLInputElement>;
  return (
    <div class="sign-in">
      <form class="sign-in-form" noValidate onSubmit={(event) => { event.preventDefault(); if (!isBusy) void submit(); }}>
        <h1><Icon shapes={keyIcon} size={24} />{text.title()}</h1>
        <p class="sign-in-hint">{text.hint()} <code>imagestore key create --user NAME</code></p>
        <Field label={text.key()} hint={text.keyHint()} error={typeof error === "string" ? error : undefined}>
          {(wiring) => (
            <div class="sign-in-key">
              <input {...wiring} {...kind} ref={field} class="input" name="key" autoComplete="current-password" autoCapitalize="off" spellcheck={false} autoFocus required />
              <IconButton kind="plain" icon={isShown ? hideIcon : showIcon} label={isShown ? text.hide() : text.show()} onClick={() => show(!isShown)} />
            </div>
          )}
        </Field>
        {error !== undefined && typeof error !== "string" && <ErrorNote error={error} />}
        <Button type="submit" kind="primary" busy={isBusy}>{text.signIn()}</Button>
      </form>
    </div>
  );
}
