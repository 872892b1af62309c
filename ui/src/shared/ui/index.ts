/** The parts every view is made of. */
export { Button } from './Button';
export { Confirm, Dialog } from './Dialog';
export { Menu, MenuAt, type MenuItem } from './Menu';
export { Popover } from './Popover';
export { Prose } from './Prose';
export { ErrorState, LoadingRows, State } from './State';
export { colourOf, lookOf, StatusChip, StatusIcon, statusName, type Status } from './StatusIcon';
export { Strip, StripCell } from './Strip';
export { Segments, Tabs, type Choice } from './Tabs';
export { Keys, Tip, TipProvider } from './Tip';
export { complain, toast, Toasts } from './Toasts';
