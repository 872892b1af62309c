/** The list of workflows. */
export { WorkflowsView } from './WorkflowsView';
