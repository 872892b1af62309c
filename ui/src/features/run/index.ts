/** One run: watched live, explained when it fails, retried with one click. */
export { RunView } from './RunView';
