import { attribute, defineExtension } from '#core';
import { OrganizationsModule } from './organizations.module.js';
import { OrganizationsService } from './organizations.service.js';

export default defineExtension({
  name: 'organizations',
  api: '^1.0.0',
  module: OrganizationsModule,
  permissions: { 'organizations:read': 'Read any organization' },
  auditActions: ['organization.created', 'organization.deleted', 'member.added', 'member.removed'],
  attributes: {
    jobTitle: attribute.string({ max: 100, readableBy: ['self', 'users:read'], writableBy: ['self', 'users:update'] }),
  },
  // The ids of the organizations that the user owns.
  claims: { owner: ({ id }, get) => get(OrganizationsService).ownedBy(id) },
});
