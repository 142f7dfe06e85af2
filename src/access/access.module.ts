import { Module } from '@nestjs/common';
import { UsersModule } from '../users/index.js';
import { FirstAdmin } from './first-admin.js';

@Module({ imports: [UsersModule], providers: [FirstAdmin], exports: [FirstAdmin] })
export class AccessModule {}
