/**
 * The dearest argon2 hash that is computed, made here or brought along: 1 GiB of memory, and 4 GiB of it walked through
 * over all passes, the most that libsodium offers (`crypto_pwhash_*_SENSITIVE`). That holds a core for about two
 * seconds; a stored hash that asks for more is a slip or an attack.
 */
export const ARGON2_LIMITS = { memoryKiB: 1_048_576, memoryTimesPassesKiB: 4_194_304, parallelism: 64 } as const;
