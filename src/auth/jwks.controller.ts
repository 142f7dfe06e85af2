import { Controller, Get } from '@nestjs/common';
import { Public } from '#platform/access';
import { ApiOperation, ApiTags } from '#platform/openapi';
import { Reply, ApiAnswer } from '#platform/response';
import { AccessTokenKeys } from './access-token-keys.js';
import { KeySetResponse, toKeySetResponse } from './dto/key-set.response.js';

/** At the root, where verifiers look for it (RFC 8615). */
export const JWKS_PATH = '/.well-known/jwks.json';

/** Seconds for which verifiers may keep it: a rotation publishes a key at least this long before it signs. */
const MAX_AGE = 300;

@ApiTags('Auth')
@Controller(JWKS_PATH)
export class JwksController {
  constructor(private readonly keys: AccessTokenKeys) {}

  @Get()
  @Public()
  @ApiOperation({
    operationId: 'getKeys',
    summary: 'Get the keys that verify access tokens',
    description: 'A JSON Web Key Set (RFC 7517); empty where a secret signs.',
  })
  @ApiAnswer({
    status: 200,
    description: 'The public keys; the signing key comes first.',
    model: KeySetResponse,
    bare: 'application/json',
    storeless: true,
  })
  get() {
    const headers = { 'cache-control': `public, max-age=${MAX_AGE}` };
    return new Reply(toKeySetResponse(this.keys.published), { headers });
  }
}
