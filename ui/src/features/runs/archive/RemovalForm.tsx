/** Which ended runs are meant: how they ended, when, of which workflow, and how many stay of each. */
import { useWorkflows } from '@/api';
import { StatusIcon, statusName } from '@/shared/ui';
import { ages, endings, type Meant } from './selection';

export function RemovalForm({ meant, onChange }: { meant: Meant; onChange: (meant: Meant) => void }) {
  const { data } = useWorkflows();
  const ids = data?.workflows.flatMap(({ id }) => id ?? []) ?? [];
  // A workflow whose file is gone may still have runs.
  const workflows = meant.workflow && !ids.includes(meant.workflow) ? [meant.workflow, ...ids] : ids;
  return (
    <>
      <fieldset>
        <legend className="lab">Runs that</legend>
        {endings.map((each) => (
          <label key={each} className="cb">
            <input type="checkbox" checked={meant.endings.includes(each)}
              onChange={({ target }) => onChange({ ...meant, endings: target.checked ? [...meant.endings, each] : meant.endings.filter((other) => other !== each) })} />
            <StatusIcon status={each} quiet />{statusName[each]}
          </label>
        ))}
      </fieldset>
      <label className="lab" htmlFor="removal-age">Ended</label>
      <select id="removal-age" className="field" value={meant.age} onChange={({ target }) => onChange({ ...meant, age: target.value })}>
        {ages.map(({ value, label }) => <option key={value} value={value}>{label}</option>)}
      </select>
      <label className="lab" htmlFor="removal-workflow">Of the workflow</label>
      <select id="removal-workflow" className="field" value={meant.workflow} onChange={({ target }) => onChange({ ...meant, workflow: target.value })}>
        <option value="">all workflows</option>
        {workflows.map((id) => <option key={id} value={id}>{id}</option>)}
      </select>
      <label className="lab" htmlFor="removal-keep">Keep the newest</label>
      <input id="removal-keep" className="field" inputMode="numeric" placeholder="none" aria-describedby="removal-keep-hint" style={{ marginBottom: 4 }} value={meant.keep} onChange={({ target }) => onChange({ ...meant, keep: target.value })} />
      <p id="removal-keep-hint" className="xs t3">Of each workflow and way of ending.</p>
    </>
  );
}
