/** The canvas that designer and run share. */
export { CanvasControls } from './Controls';
export { fitOptions } from './view';
export * from './geometry';
export { draw, fit, freePlace, type Drawing, type Places, type Routes } from './layout';
export { ActionIcon, actionName, StepBox } from './StepBox';
export { walk, type Direction } from './walk';
export { Wire, WireLabel, type WireData } from './Wire';
