import { ApiExtraModels, ApiProperty, ApiPropertyOptional, schemaReference } from '#platform/openapi';

export class ServiceHealth {
  @ApiProperty({ enum: ['healthy', 'unhealthy'] })
  status!: 'healthy' | 'unhealthy';

  @ApiProperty({ description: 'Milliseconds that the check took.', example: 0.8 })
  latencyMs!: number;

  @ApiPropertyOptional({
    type: 'integer',
    format: 'int32',
    description: 'Outbox: messages that wait for delivery.',
  })
  waiting?: number;

  @ApiPropertyOptional({
    type: 'integer',
    format: 'int32',
    description: 'Outbox: the age of the oldest of them, in seconds.',
  })
  oldestSeconds?: number;

  @ApiPropertyOptional({ type: 'integer', format: 'int32', description: 'Outbox: messages that were given up.' })
  failed?: number;
}

export class StoresHealth {
  @ApiProperty({ type: ServiceHealth })
  database!: ServiceHealth;

  @ApiProperty({ type: ServiceHealth })
  cache!: ServiceHealth;
}

@ApiExtraModels(ServiceHealth, StoresHealth)
export class HealthResponse {
  @ApiProperty({
    enum: ['healthy', 'degraded', 'unhealthy'],
    description: 'Degraded without the cache or a part of an extension, unhealthy without the database.',
  })
  status!: 'healthy' | 'degraded' | 'unhealthy';

  @ApiProperty({ example: 'v1' })
  version!: string;

  @ApiProperty({ example: '0.1.0' })
  release!: string;

  @ApiProperty({ type: String, format: 'date-time' })
  timestamp!: string;

  @ApiProperty({ type: 'integer', format: 'int32', description: 'Seconds since the process started.', example: 86_400 })
  uptime!: number;

  @ApiProperty({
    type: 'object',
    allOf: [schemaReference(StoresHealth)],
    additionalProperties: schemaReference(ServiceHealth),
    description: 'What the service works with. Extensions add theirs as `<extension>.<name>`.',
  })
  services!: StoresHealth & Readonly<Record<string, ServiceHealth>>;
}

export class ProbeResponse {
  @ApiProperty({ enum: ['ok', 'unavailable'] })
  status!: 'ok' | 'unavailable';
}
