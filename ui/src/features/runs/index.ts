/** The list of runs, and what they share. */
export { BreakersView } from './BreakersView';
export { LettersView } from './LettersView';
export { RunsView } from './RunsView';
