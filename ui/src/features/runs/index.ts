/** The list of runs. */
export { RunsView } from './RunsView';
