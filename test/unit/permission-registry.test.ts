import { beforeEach, describe, expect, it } from '@jest/globals';
import { StartupError } from '../../src/platform/errors/index.js';
import { PermissionRegistry } from '../../src/platform/access/permission-registry.js';

describe('The permission registry', () => {
  let registry: PermissionRegistry;
  beforeEach(() => {
    registry = new PermissionRegistry();
    registry.declare({ 'users:read': 'Read users', 'audit:read': 'Read the log' });
  });

  it('lists the declared permissions by name, with their descriptions', () => {
    registry.declare({ 'keys:rotate': 'Rotate keys' });
    expect(registry.list()).toEqual([
      { name: 'audit:read', description: 'Read the log' },
      { name: 'keys:rotate', description: 'Rotate keys' },
      { name: 'users:read', description: 'Read users' },
    ]);
    expect([...registry.names].toSorted()).toEqual(['audit:read', 'keys:rotate', 'users:read']);
  });

  it('refuses a name that is already declared, even with the same description', () => {
    expect(() => registry.declare({ 'users:read': 'Read users' })).toThrow(
      new StartupError('The permission users:read is declared twice.'),
    );
  });

  it.each(['', 'users', 'users:', ':read', 'Users:read', 'users:read:all', 'users:*', ' users:read', 'users:read\n'])(
    'refuses a name that is not resource:action: %j',
    (name) => {
      expect(() => registry.declare({ [name]: 'x' })).toThrow(StartupError);
      expect(registry.names.size).toBe(2);
    },
  );
});
