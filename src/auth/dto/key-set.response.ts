import type { VerificationKey } from '#config';
import { ApiProperty, ApiPropertyOptional } from '#platform/openapi';

/** A public key (RFC 7518, sections 6.2.1 and 6.3.1): `crv`, `x`, `y` of an EC key, `n`, `e` of an RSA one. */
export class KeyResponse {
  @ApiProperty({ enum: ['EC', 'RSA'] })
  kty!: 'EC' | 'RSA';

  @ApiProperty({ enum: ['sig'] })
  use!: 'sig';

  @ApiProperty({ enum: ['ES256', 'RS256'] })
  alg!: string;

  @ApiProperty({
    description: "The key's thumbprint (RFC 7638), as in a token's header.",
    example: '0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM3LrfoiyyLdEHwnDVQ4T',
  })
  kid!: string;

  @ApiPropertyOptional({ enum: ['P-256'], example: 'P-256' })
  crv?: string | undefined;

  @ApiPropertyOptional({ type: String, example: 'MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4' })
  x?: string | undefined;

  @ApiPropertyOptional({ type: String, example: '4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM' })
  y?: string | undefined;

  @ApiPropertyOptional({ type: String })
  n?: string | undefined;

  @ApiPropertyOptional({ type: String })
  e?: string | undefined;
}

export class KeySetResponse {
  @ApiProperty({ type: [KeyResponse] })
  keys!: KeyResponse[];
}

export function toKeySetResponse(keys: readonly VerificationKey[]): KeySetResponse {
  return { keys: keys.map(toKeyResponse) };
}

function toKeyResponse({ jwk: { kty, crv, x, y, n, e }, algorithm, kid }: VerificationKey): KeyResponse {
  return { kty, use: 'sig', alg: algorithm, kid, crv, x, y, n, e };
}
