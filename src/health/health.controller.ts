import { Controller, Get } from '@nestjs/common';
import { Public } from '#platform/access';
import { RETRY_AFTER_SECONDS } from '#platform/errors';
import { ApiOperation, ApiTags } from '#platform/openapi';
import { Uncounted } from '#platform/request';
import { Reply, ApiAnswer } from '#platform/response';
import { HealthResponse, ProbeResponse } from './health.response.js';
import { HealthService } from './health.service.js';

@ApiTags('Health')
@Controller('health')
export class HealthController {
  constructor(private readonly health: HealthService) {}

  @Get()
  @Public()
  @Uncounted()
  @ApiOperation({
    operationId: 'getHealth',
    summary: 'Read the health of the service and its stores',
    description: 'For people and dashboards. `degraded` means that the API serves without its cache.',
  })
  @ApiAnswer({
    status: 200,
    description: 'Healthy, or degraded: serving without the cache.',
    model: HealthResponse,
    bare: 'application/json',
    whenUnavailable: 'Unhealthy: the database is away, or takes no writes.',
  })
  async check() {
    const health = await this.health.check();
    return probeReply(health, health.status !== 'unhealthy');
  }

  @Get('live')
  @Public()
  @Uncounted()
  @ApiOperation({
    operationId: 'getLiveness',
    summary: 'Check that the process answers',
    description: 'For an orchestrator: restart a process that fails this.',
  })
  @ApiAnswer({
    status: 200,
    description: 'The process answers.',
    model: ProbeResponse,
    bare: 'application/json',
    storeless: true,
  })
  live(): ProbeResponse {
    return { status: 'ok' };
  }

  @Get('ready')
  @Public()
  @Uncounted()
  @ApiOperation({
    operationId: 'getReadiness',
    summary: 'Check that requests can be served',
    description: 'For a load balancer: send no requests to a process that fails this.',
  })
  @ApiAnswer({
    status: 200,
    description: 'Ready for requests.',
    model: ProbeResponse,
    bare: 'application/json',
    whenUnavailable: 'The database is away, or takes no writes.',
  })
  async ready() {
    const ready = await this.health.isReady();
    return probeReply<ProbeResponse>({ status: ready ? 'ok' : 'unavailable' }, ready);
  }
}

function probeReply<T>(state: T, good: boolean): Reply<T> {
  return good
    ? new Reply(state)
    : new Reply(state, { status: 503, headers: { 'retry-after': `${RETRY_AFTER_SECONDS}` } });
}
