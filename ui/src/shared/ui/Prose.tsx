/** A message of the backend: what stands between backticks is a name and is shown as one. */

export function Prose({ text }: { text: string }) {
  return text.split('`').map((part, index) => (index % 2 ? <code key={index} className="mono">{part}</code> : part));
}
