/** A value as JSON. Large ones are asked for only when wanted. */
import { Copy, Download } from 'lucide-react';
import { memo, useMemo, useState } from 'react';
import { messageOf, useValue } from '@/api';
import { bytes } from '@/shared/format';
import { Button, complain, toast } from '@/shared/ui';
import { heldBack, tokensOf, type Held } from './values';

interface ValueViewProps {
  run: string;
  value: unknown;
  name: string;
  empty: string;
}

export function ValueView({ run, value, name, empty }: ValueViewProps) {
  const held = heldBack(value);
  if (held) return <HeldValue key={held.hash} run={run} held={held} name={name} />;
  if (value === null || value === undefined) return <p className="sm t3" style={{ lineHeight: '26px' }}>{empty}</p>;
  return <Shown run={run} value={value} name={name} />;
}

function HeldValue({ run, held, name }: { run: string; held: Held; name: string }) {
  const small = held.size <= 256 * 1024;
  const [wanted, setWanted] = useState(small);
  const { data, error, isFetching } = useValue(run, held.hash, wanted);
  if (data !== undefined) return <Shown run={run} value={data} name={name} />;
  return (
    <div className="well">
      {held.preview && <pre className="value-text">{held.preview.slice(0, 600)}…</pre>}
      <div className="row g4" style={{ marginTop: held.preview ? 8 : 0 }}>
        <Button small icon={<Download size={12} />} busy={isFetching} onClick={() => setWanted(true)}>Load {bytes(held.size)}</Button>
        {error && <span className="xs st s-failed">{messageOf(error)}</span>}
      </div>
    </div>
  );
}

const mostShown = 40_000;

const Shown = memo(function Shown({ run, value, name }: { run: string; value: unknown; name: string }) {
  const [all, setAll] = useState(false);
  const json = useMemo(() => JSON.stringify(value, null, 2), [value]);
  const cut = !all && json.length > mostShown;
  const tokens = useMemo(() => tokensOf(cut ? json.slice(0, mostShown) : json), [json, cut]);
  const inner = value && typeof value === 'object' ? Object.entries(value).flatMap(([key, each]) => { const held = heldBack(each); return held ? [[key, held] as const] : []; }) : [];
  return (
    <>
      <div className="well value" data-testid={`value-${name}`}>
        <Button look="ghost" small className="copy" icon={<Copy size={12} />} aria-label={`Copy ${name}`} onClick={() => void navigator.clipboard.writeText(json).then(() => toast('Copied.'), complain)} />
        <pre className="value-text scroll">{tokens.map((token, index) => (token.kind ? <span key={index} className={token.kind}>{token.text}</span> : token.text))}{cut && '…'}</pre>
        {cut && <Button small style={{ marginTop: 6 }} onClick={() => setAll(true)}>Show all {bytes(json.length)}</Button>}
      </div>
      {inner.map(([key, held]) => <section key={key} style={{ marginTop: 8 }}><h3 className="eyebrow mono">{key}</h3><HeldValue run={run} held={held} name={key} /></section>)}
    </>
  );
});
