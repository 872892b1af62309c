/** The designer of one workflow: canvas, inspector, code and problems. */
export { DesignView } from './DesignView';
