export { BackgroundTask } from './background-task.js';
export { inTime } from './in-time.js';
export { type Job, JobRunner } from './job-runner.js';
export { JobsRepository } from './jobs.repository.js';
export { Sweeper } from './sweeper.js';
