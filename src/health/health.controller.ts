import { Controller, Get, Res } from '@nestjs/common';
import { ApiOperation, ApiResponse, ApiTags, errorHeaders } from '#platform/openapi';
import type { FastifyReply } from 'fastify';
import { Public } from '#platform/access';
import { WithoutEnvelope } from '#platform/response';
import { Uncounted } from '#platform/request';
import { HealthResponse, ProbeResponse } from './health.response.js';
import { HealthService } from './health.service.js';

const UNAVAILABLE = 503;
const RETRY_AFTER_SECONDS = 1;

@ApiTags('Health')
@Controller('health')
export class HealthController {
  constructor(private readonly health: HealthService) {}

  @Get()
  @Public()
  @Uncounted()
  @WithoutEnvelope()
  @ApiOperation({ summary: 'The state of the service and of its stores' })
  @ApiResponse({ status: 200, description: 'Healthy, or degraded: serving without the cache.', type: HealthResponse })
  @ApiResponse({
    status: UNAVAILABLE,
    description: 'Unhealthy: the database is away.',
    headers: errorHeaders(UNAVAILABLE),
    type: HealthResponse,
  })
  async check(@Res() reply: FastifyReply): Promise<void> {
    const health = await this.health.check();
    await answer(reply, health.status !== 'unhealthy', health);
  }

  @Get('live')
  @Public()
  @Uncounted()
  @WithoutEnvelope()
  @ApiOperation({ summary: 'Whether the process answers' })
  @ApiResponse({ status: 200, description: 'It does.', type: ProbeResponse })
  live(): ProbeResponse {
    return { status: 'ok' };
  }

  @Get('ready')
  @Public()
  @Uncounted()
  @WithoutEnvelope()
  @ApiOperation({ summary: 'Whether requests should be sent here' })
  @ApiResponse({ status: 200, description: 'They should.', type: ProbeResponse })
  @ApiResponse({
    status: UNAVAILABLE,
    description: 'The database is away.',
    headers: errorHeaders(UNAVAILABLE),
    type: ProbeResponse,
  })
  async ready(@Res() reply: FastifyReply): Promise<void> {
    const ready = await this.health.isReady();
    await answer(reply, ready, { status: ready ? 'ok' : 'unavailable' } satisfies ProbeResponse);
  }
}

async function answer(reply: FastifyReply, good: boolean, body: HealthResponse | ProbeResponse): Promise<void> {
  if (!good) reply.code(UNAVAILABLE).header('retry-after', RETRY_AFTER_SECONDS);
  await reply.send(body);
}
