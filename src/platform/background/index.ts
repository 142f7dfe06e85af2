export { BackgroundTask } from './background-task.js';
