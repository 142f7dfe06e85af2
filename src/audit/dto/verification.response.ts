import { ApiProperty } from '#platform/openapi';

/** What a page of the audit log's verification has found. */
export class VerificationResponse {
  @ApiProperty()
  valid!: boolean;

  @ApiProperty({ type: 'integer', minimum: 0, description: 'How many entries this page has looked at.' })
  entries!: number;

  @ApiProperty({
    type: String,
    format: 'uuid',
    nullable: true,
    description: 'The first entry that does not fit; after a deletion, the first that no longer fits.',
  })
  firstInvalidId!: string | null;

  @ApiProperty({ type: String, nullable: true, description: '`null` when the whole log has been looked at.' })
  nextCursor!: string | null;
}
