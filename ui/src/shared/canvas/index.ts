/** The canvas that designer and run share. */
export { CanvasControls, fitOptions } from './Controls';
export * from './geometry';
export { draw, fit, freePlace, type Drawing, type Places, type Routes } from './layout';
export { ActionIcon, actionName, StepBox } from './StepBox';
export { Wire, WireLabel, type WireData } from './Wire';
