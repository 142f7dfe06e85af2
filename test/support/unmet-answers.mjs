import { readFileSync } from 'node:fs';
import process from 'node:process';
import { parse } from 'yaml';

/**
 * A Jest reporter, for runs of all suites: they must meet each status that the description declares for an operation, except
 * 500. Every answer that a test gets is compared with the description, so what was met is described truly.
 */
export default class UnmetAnswers {
  #fault;

  onRunComplete(_contexts, { numFailedTests, numFailedTestSuites, wasInterrupted }) {
    if (wasInterrupted || numFailedTests + numFailedTestSuites > 0) return;
    const declared = declaredAnswers();
    const met = new Set(readFileSync(process.env.TEST_MET_ANSWERS, 'utf8').split('\n'));
    const unmet = declared.filter((answer) => !met.has(answer));
    const share = Math.floor((100 * (declared.length - unmet.length)) / declared.length);
    process.stderr.write(
      `Answers of the API description that tests met: ${share} % (${declared.length - unmet.length} of ${declared.length}).\n`,
    );
    if (unmet.length === 0) return;
    this.#fault = new Error(`No test met these answers of docs/api/openapi.yaml: ${unmet.join(', ')}`);
  }

  getLastError() {
    return this.#fault;
  }
}

/** Without PostgreSQL there is no database that could be away. */
function declaredAnswers() {
  const left = new Set(['500', ...(process.env.TEST_POSTGRES_URL === undefined ? ['503'] : [])]);
  const { paths } = parse(readFileSync('docs/api/openapi.yaml', 'utf8'));
  return Object.values(paths).flatMap((item) =>
    Object.values(item).flatMap(({ operationId, responses }) =>
      Object.keys(responses)
        .filter((status) => !left.has(status))
        .map((status) => `${operationId} ${status}`),
    ),
  );
}
