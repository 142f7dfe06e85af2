export { BackgroundTask } from './background-task.js';
export { Sweeper } from './sweeper.js';
