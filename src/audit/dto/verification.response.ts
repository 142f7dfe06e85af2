import { ApiProperty } from '#platform/openapi';

/** What a page of the audit log's verification has found. */
export class VerificationResponse {
  @ApiProperty({ example: true })
  valid!: boolean;

  @ApiProperty({ type: 'integer', minimum: 0, description: 'How many entries this page has looked at.', example: 42 })
  entries!: number;

  @ApiProperty({
    type: String,
    format: 'uuid',
    nullable: true,
    example: null,
    description:
      'The first entry that does not fit; after a deletion, the first that no longer fits; or one that waits to be linked ' +
      'and was removed, or has waited for more than a minute.',
  })
  firstInvalidId!: string | null;

  @ApiProperty({
    type: String,
    nullable: true,
    example: null,
    description: '`null` when the whole log has been looked at.',
  })
  nextCursor!: string | null;

  @ApiProperty({
    type: 'integer',
    minimum: 0,
    description: 'How many entries of the whole log have no link yet.',
    example: 0,
  })
  unlinked!: number;

  @ApiProperty({
    type: String,
    format: 'date-time',
    nullable: true,
    example: null,
    description: 'Since when the oldest of them waits.',
  })
  oldestUnlinked!: string | null;
}
