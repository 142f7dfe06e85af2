import 'reflect-metadata';
import { Transform } from 'class-transformer';
import {
  IsEmail,
  IsIn,
  IsInt,
  IsNotEmpty,
  IsOptional,
  IsString,
  IsUrl,
  Matches,
  Max,
  MaxLength,
  Min,
  MinLength,
  type ValidationOptions,
  ValidateBy,
} from 'class-validator';
import { ARGON2_LIMITS } from './argon2-limits.js';
import { parseDuration } from './duration.js';

/** Longest duration a token or session may be given, in milliseconds (ten years). */
const MAX_DURATION_MS = 3_650 * 86_400_000;
/** Longest window of a limit, in milliseconds (a day). */
const MAX_WINDOW_MS = 86_400_000;

function IsInteger(min: number, max: number): PropertyDecorator {
  const message = `$property must be a whole number from ${min} to ${max}`;
  return (target, key) => {
    // Digits only: Number() reads 0x50 and 1e3 too.
    Transform(({ value }) => (/^\d{1,10}$/.test(String(value)) ? Number(value) : Number.NaN))(target, key);
    IsInt({ message })(target, key);
    Min(min, { message })(target, key);
    Max(max, { message })(target, key);
  };
}

/** In whole seconds, as the claims of a JWT count. */
function IsDuration(options?: ValidationOptions): PropertyDecorator {
  return ValidateBy(
    {
      name: 'isDuration',
      validator: {
        validate: (value: unknown) => {
          const ms = typeof value === 'string' ? parseDuration(value) : undefined;
          return ms !== undefined && ms >= 1_000 && ms % 1_000 === 0 && ms <= MAX_DURATION_MS;
        },
        defaultMessage: () => '$property must be a duration of a second or more, such as 15m, 1h or 7d',
      },
    },
    options,
  );
}

function IsOneOf(...values: string[]): PropertyDecorator {
  return IsIn(values, { message: `$property must be one of: ${values.join(', ')}` });
}

/**
 * Every variable that the process reads, with its rule and its default. `.env.example` documents the same
 * list, held equal by a test. An empty value counts as not set.
 */
export class Environment {
  @IsOneOf('development', 'production')
  NODE_ENV: 'development' | 'production' = 'development';

  @IsString()
  HOST = '0.0.0.0';

  @IsInteger(0, 65_535)
  PORT = 3000;

  @Matches(/^v[1-9]\d{0,2}$/, { message: '$property must look like v1' })
  API_VERSION = 'v1';

  @IsOptional()
  @Matches(/^(postgres(ql)?:\/\/.+|pglite:.+)$/, {
    message: '$property must be a postgresql:// URL, or pglite:<folder> for the embedded database',
  })
  DATABASE_URL?: string;

  @IsOptional()
  @Matches(/^(postgres(ql)?:\/\/.+|pglite:.+)$/, {
    message: '$property must be a postgresql:// URL, or pglite:<folder> for the embedded database',
  })
  MIGRATION_DATABASE_URL?: string;

  @IsOptional()
  @IsString()
  DB_HOST?: string;

  @IsInteger(1, 65_535)
  DB_PORT = 5432;

  @IsNotEmpty()
  DB_NAME = 'user_management_db';

  @IsNotEmpty()
  DB_USER = 'app_user';

  @IsOptional()
  @IsString()
  DB_PASSWORD?: string;

  @IsInteger(0, 1_000)
  DB_POOL_MIN = 2;

  @IsInteger(1, 1_000)
  DB_POOL_MAX = 10;

  @IsNotEmpty()
  DATA_DIR = '.data';

  @IsOptional()
  @Matches(/^(rediss?:\/\/.+|memory:)$/, {
    message: '$property must be a redis:// or rediss:// URL, or memory: for the in-process cache',
  })
  REDIS_URL?: string;

  @Matches(/^[A-Za-z0-9:_-]{0,64}$/, { message: '$property must be up to 64 letters, digits, ":", "_" or "-"' })
  REDIS_KEY_PREFIX = 'uma:';

  @IsOptional()
  @IsString()
  JWT_SECRET?: string;

  @IsOptional()
  @IsString()
  JWT_PRIVATE_KEY?: string;

  @IsOptional()
  @IsString()
  JWT_PREVIOUS_PUBLIC_KEYS?: string;

  @IsDuration()
  JWT_EXPIRES_IN = '1h';

  @IsOptional()
  @IsString()
  JWT_REFRESH_SECRET?: string;

  @IsDuration()
  JWT_REFRESH_EXPIRES_IN = '7d';

  @IsInteger(0, 60_000)
  JWT_REFRESH_GRACE_MS = 10_000;

  @IsNotEmpty()
  JWT_ISSUER = 'user-management-api';

  @IsNotEmpty()
  JWT_AUDIENCE = 'user-management-api';

  @IsDuration()
  SESSION_MAX_AGE = '30d';

  @IsDuration()
  SESSION_RETENTION = '30d';

  @IsInteger(8, ARGON2_LIMITS.memoryKiB)
  ARGON2_MEMORY_KIB = 19_456;

  @IsInteger(1, 100)
  ARGON2_TIME_COST = 2;

  @IsInteger(1, ARGON2_LIMITS.parallelism)
  ARGON2_PARALLELISM = 1;

  @IsOneOf('auto', 'argon2', 'node-rs')
  PASSWORD_HASHER: 'auto' | 'argon2' | 'node-rs' = 'auto';

  @IsInteger(0, 10_000)
  HASH_QUEUE_MAX = 64;

  @IsOptional()
  @IsInteger(1, 1_024)
  UV_THREADPOOL_SIZE?: number;

  @IsOneOf('composition', 'length')
  PASSWORD_POLICY: 'composition' | 'length' = 'composition';

  @IsOneOf('off', 'hibp')
  PASSWORD_BREACH_CHECK: 'off' | 'hibp' = 'off';

  @IsOptional()
  @IsUrl(
    { protocols: ['http', 'https'], require_protocol: true, require_tld: false },
    { message: '$property must be an http:// or https:// URL' },
  )
  PASSWORD_BREACH_URL?: string;

  @IsInteger(1, 1_000_000_000)
  RATE_LIMIT_MAX_REQUESTS = 100;

  @IsInteger(1, MAX_WINDOW_MS)
  RATE_LIMIT_WINDOW_MS = 60_000;

  @IsInteger(1, 1_000_000_000)
  AUTH_RATE_LIMIT_MAX = 5;

  @IsInteger(1, 1_000_000_000)
  AUTH_RATE_LIMIT_ACCOUNT_MAX = 100;

  @IsInteger(1, 1_000_000_000)
  AUTH_RATE_LIMIT_IP_MAX = 100;

  @IsInteger(1, MAX_WINDOW_MS)
  AUTH_RATE_LIMIT_WINDOW_MS = 900_000;

  @IsOptional()
  @IsString()
  AUDIT_SIGNING_KEY?: string;

  @IsOptional()
  @IsString()
  AUDIT_PREVIOUS_PUBLIC_KEYS?: string;

  @IsDuration()
  AUDIT_CHECKPOINT_INTERVAL = '1m';

  @IsDuration()
  AUDIT_RETENTION = '365d';

  @IsOptional()
  @Matches(/^(stdout|file:.+)$/, { message: '$property must be stdout, or file:<path>' })
  AUDIT_SINK?: string;

  @IsOneOf('open', 'closed')
  REGISTRATION: 'open' | 'closed' = 'open';

  @IsOptional()
  @IsEmail({}, { message: '$property must be an email address' })
  @MaxLength(255)
  ADMIN_EMAIL?: string;

  @IsOptional()
  @Matches(/^[A-Za-z0-9]+$/, { message: '$property must contain only alphanumeric characters' })
  @MinLength(3)
  @MaxLength(50)
  ADMIN_USERNAME?: string;

  @IsOptional()
  @IsString()
  ADMIN_PASSWORD?: string;

  @IsOptional()
  @IsOneOf('true', 'false')
  API_DOCS?: 'true' | 'false';

  @IsString()
  CORS_ORIGIN = 'http://localhost:3000';

  @IsOptional()
  @IsString()
  TRUST_PROXY?: string;

  @IsOneOf('fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent')
  LOG_LEVEL = 'info';

  @IsOneOf('json', 'pretty')
  LOG_FORMAT: 'json' | 'pretty' = 'json';
}

/** The items of a list that is separated by commas. */
export function items(list = ''): string[] {
  return list
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}
