/** Starting runs. */
export { StartRun } from './StartRun';
