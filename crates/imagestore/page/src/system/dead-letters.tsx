import { useEffect, useState } from "preact/hooks";
import { forget, listDeadLetters, replay, replayAll, type DeadLetter } from "../api";
import { Button, Dialog, ErrorNote, report, toast } from "../parts";
import { format, phrases } from "../text";
import { text } from "./text";

/** What was given up for one receiver: to be sent again, or forgotten. */
export function DeadLetters({ sink, onClose }: { sink: string; onClose: () => void }) {
  const [letters, setLetters] = useState<readonly DeadLetter[] | undefined>();
  const [cursor, setCursor] = useState<string | null | undefined>();
  const [error, setError] = useState<unknown>();
  const load = async (from?: string) => {
    try {
      const page = await listDeadLetters(sink, from);
      setLetters((known) => [...(from ? (known ?? []) : []), ...page.dead_letters]);
      setCursor(page.cursor);
    } catch (problem) {
      setError(problem);
    }
  };
  useEffect(() => void load(), [sink]);

  const settle = async (letter: DeadLetter, action: (sink: string, id: string) => Promise<unknown>) => {
    try {
      await action(sink, letter.id);
      setLetters((known) => known?.filter((other) => other !== letter));
    } catch (problem) {
      report(problem);
    }
  };
  const all = async () => {
    try {
      const { replayed } = await replayAll(sink);
      toast(text.replayed({ count: replayed }));
      onClose();
    } catch (problem) {
      report(problem);
    }
  };

  return (
    <Dialog wide title={text.lettersOf({ name: sink })} onClose={onClose} actions={<><Button onClick={onClose}>{phrases.close()}</Button>{letters && letters.length > 0 && <Button kind="primary" onClick={() => void all()}>{text.replayAll()}</Button>}</>}>
      <p class="system-soft">{text.lettersHint()}</p>
      {error !== undefined && <ErrorNote error={error} />}
      {!letters ? !error && <p role="status">{phrases.loading()}</p> : letters.length === 0 ? <p>{text.noLetters()}</p> : (
        <ul class="system-letters">
          {letters.map((letter) => (
            <li key={letter.id}>
              <div>
                <p><code>{letter.type}</code> <span class="system-soft">{letter.key}</span></p>
                <p class="system-detail">{letter.reason}</p>
                <p class="system-soft">{text.died({ when: format.ago(letter.died_at), count: letter.attempts })}</p>
              </div>
              <div class="system-letter-buttons">
                <Button onClick={() => void settle(letter, replay)}>{text.replay()}</Button>
                <Button kind="quiet" onClick={() => void settle(letter, forget)}>{text.forget()}</Button>
              </div>
            </li>
          ))}
        </ul>
      )}
      {cursor && <Button onClick={() => void load(cursor)}>{phrases.showMore()}</Button>}
    </Dialog>
  );
}
