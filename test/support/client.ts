import { type ApiAnswer, type ApiRequest, TestClient } from '../../src/testing/index.js';
import { checkExchange } from './openapi-check.js';

export type { ApiAnswer, ApiRequest };

/** Sends requests, and fails on anything that the API description does not declare. */
export class ApiClient extends TestClient {
  override async send(method: string, path: string, request: ApiRequest = {}): Promise<ApiAnswer> {
    const answer = await super.send(method, path, request);
    checkExchange({ method, url: this.url(path), requestBody: request.body, answer });
    return answer;
  }
}
