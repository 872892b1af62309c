/** The list of runs, and what they share. */
export { ArchiveView } from './archive/ArchiveView';
export { BreakersView } from './BreakersView';
export { LettersView } from './LettersView';
export { RunsView } from './RunsView';
