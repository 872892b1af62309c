/** The canvas that designer and run share. */
export { CanvasControls } from './Controls';
export { fitOptions } from './view';
export * from './geometry';
export { draw, fit, freePlace, isContainer, noDrawing, type Drawing, type Places, type Routes } from './layout';
export { ActionIcon, actionName, kindOf, repeatName, StepBox, StepPorts } from './StepBox';
export { GroupBox } from './GroupBox';
export { walk, type Direction } from './walk';
export { Wire, WireLabel, type WireData } from './Wire';
