/** Runs that failed for good, and that nobody took up in time: sent again, taken up, or discarded. */
import { Archive, Ellipsis, History, MailX, RotateCw, Send } from 'lucide-react';
import { useDiscardLetter, useLetters, useResend, useRetry, useRuns } from '@/api';
import type { DeadLetter } from '@/generated/DeadLetter';
import { count, fullTime, moment, plain } from '@/shared/format';
import { linkTo, navigate } from '@/shared/router';
import { useSetTitle } from '@/shared/title';
import { Button, complain, ErrorState, LoadingRows, Menu, State, StatusIcon, toast } from '@/shared/ui';
import { Sidebar } from './Sidebar';

export function LettersView() {
  const { data, error, isPending, refetch } = useLetters();
  const runs = useRuns({ limit: 1 });
  useSetTitle('Dead letters');
  const letters = data?.dead_letters ?? [];
  return (
    <>
      <div className="toolbar">
        <h1>Dead letters</h1>
        {letters.length > 0 && <span className="t3" style={{ marginLeft: 12 }}>{count(letters.length, 'run')} failed, and nobody took {letters.length === 1 ? 'it' : 'them'} up in time. Send again once the cause is mended.</span>}
      </div>
      <div className="lists">
        <Sidebar runs={runs.data} on="letters" />
        {isPending ? <LoadingRows label="Loading dead letters" rows={6} />
          : error && !data ? <ErrorState title="The dead letters could not be read" error={error} onRetry={() => void refetch()} />
          : letters.length === 0 ? <State icon={<MailX size={18} />} title="No dead letters">A failed run that nobody takes up in time is put here, with all that is needed to send it again.</State>
          : <Letters letters={letters} />}
      </div>
    </>
  );
}

function Letters({ letters }: { letters: DeadLetter[] }) {
  return (
    <div className="col" role="table" aria-label="Dead letters" style={{ minHeight: 0 }}>
      <div className="cells letter-cells thead" role="row">
        <span role="columnheader">Run</span><span role="columnheader">Error</span><span role="columnheader" className="right">Failed</span>
        <span role="columnheader" className="right opt">Here since</span><span role="columnheader" aria-label="Actions" />
      </div>
      <div className="scroll grow" role="rowgroup">{letters.map((letter) => <Letter key={letter.run.id} letter={letter} />)}</div>
    </div>
  );
}

function Letter({ letter: { run, failed_at, parked_at } }: { letter: DeadLetter }) {
  const resend = useResend();
  const retry = useRetry();
  const discard = useDiscardLetter();
  const name = `${run.workflow} #${run.number}`;
  const open = () => navigate({ view: 'run', id: run.id });
  const send = (original: boolean) =>
    resend.mutate({ run: run.id, original }, { onSuccess: (sent) => toast(`${name} was sent again as #${sent.number}.`), onError: complain });
  return (
    <div className="cells letter-cells trow" role="row" tabIndex={0} data-letter={run.id} aria-label={name} onClick={open}
      onKeyDown={(event) => { if (event.key === 'Enter' && event.target === event.currentTarget) open(); }}>
      <span role="cell" className="row g3"><StatusIcon status={run.status} quiet /><a {...linkTo({ view: 'run', id: run.id })} tabIndex={-1}><span className="med">{run.workflow}</span> <span className="t3 mono">#{run.number}</span></a></span>
      <span role="cell" className="t3" title={run.error?.message}>{run.error && <>{run.error.step && <span className="mono">{run.error.step} </span>}{plain(run.error.message)}</>}</span>
      <span role="cell" className="num t3 right" title={fullTime(failed_at)}>{moment(failed_at)}</span>
      <span role="cell" className="num t3 right opt" title={fullTime(parked_at)}>{moment(parked_at)}</span>
      <span role="cell" className="right over row g2" onClick={(event) => event.stopPropagation()}>
        <Button small icon={<Send size={12} />} busy={resend.isPending} aria-label={`Resend ${name}`} onClick={() => send(false)}>Resend</Button>
        <Button small icon={<Archive size={12} />} busy={discard.isPending} aria-label={`Discard ${name}`}
          onClick={() => discard.mutate({ run: run.id }, { onSuccess: () => toast(`${name} is off the list.`), onError: complain })}>Discard</Button>
        <Menu trigger={<Button small look="ghost" icon={<Ellipsis size={14} />} aria-label={`More about ${name}`} />} items={[
          { label: 'Resend with the workflow as it was', icon: <History size={14} />, onSelect: () => send(true) },
          { label: 'Retry the failed steps of this run', icon: <RotateCw size={14} />, onSelect: () => retry.mutate({ run: run.id }, { onSuccess: () => toast(`Retrying ${name}.`), onError: complain }) },
        ]} />
      </span>
    </div>
  );
}
