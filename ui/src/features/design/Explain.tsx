/** What the code of a problem means: its page, with an example and the example mended. */
import { useQuery } from '@tanstack/react-query';
import { call } from '@/api';
import { Button, Dialog, Prose } from '@/shared/ui';

export function Explain({ code, onClose }: { code: string; onClose: () => void }) {
  const { data, error } = useQuery({ queryKey: ['explain', code], queryFn: () => call('explain_problem', { code }), staleTime: Infinity });
  return (
    <Dialog title={data ? `${data.code}: ${data.title}` : code} onClose={onClose} wide testId="explain" footer={<Button onClick={onClose}>Close</Button>}>
      {error && <p className="sm">{error.message}</p>}
      {!data && !error && <p className="sm t3">Loading…</p>}
      {data && <Page text={data.page} />}
    </Dialog>
  );
}

/** The little Markdown that the pages use: headings, fenced text, lists, paragraphs. */
function Page({ text }: { text: string }) {
  return text.split('```').map((part, index) => (index % 2
    ? <pre key={index} className="mono sm">{part.replace(/^\w*\n/, '').trimEnd()}</pre>
    : part.split(/\n\n+/).map((block, at) => <Block key={`${index}.${at}`} text={block.trim()} />)));
}

function Block({ text }: { text: string }) {
  // The dialog's own title says what the first heading says.
  if (text === '' || text.startsWith('# ')) return null;
  if (text.startsWith('## ')) return <h3 className="sm med">{text.slice(3)}</h3>;
  if (text.startsWith('- ')) return <ul className="sm">{text.split('\n').map((line) => <li key={line}><Prose text={line.slice(2)} /></li>)}</ul>;
  return <p className="sm"><Prose text={text.replace(/^\*(\w+\.)\*/, '$1')} /></p>;
}
