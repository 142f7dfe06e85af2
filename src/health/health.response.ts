import { ApiProperty } from '#platform/openapi';

export class ServiceHealth {
  @ApiProperty({ enum: ['healthy', 'unhealthy'] })
  status!: 'healthy' | 'unhealthy';

  @ApiProperty({ description: 'Milliseconds that the check took.', example: 0.8 })
  latencyMs!: number;
}

class Services {
  @ApiProperty({ type: ServiceHealth })
  database!: ServiceHealth;

  @ApiProperty({ type: ServiceHealth })
  cache!: ServiceHealth;
}

export class HealthResponse {
  @ApiProperty({
    enum: ['healthy', 'degraded', 'unhealthy'],
    description: 'Degraded without the cache, unhealthy without the database.',
  })
  status!: 'healthy' | 'degraded' | 'unhealthy';

  @ApiProperty({ example: 'v1' })
  version!: string;

  @ApiProperty({ example: '0.1.0' })
  release!: string;

  @ApiProperty({ type: String, format: 'date-time' })
  timestamp!: string;

  @ApiProperty({ type: 'integer', description: 'Seconds since the process started.' })
  uptime!: number;

  @ApiProperty({ type: Services })
  services!: Services;
}

export class ProbeResponse {
  @ApiProperty({ enum: ['ok', 'unavailable'] })
  status!: 'ok' | 'unavailable';
}
