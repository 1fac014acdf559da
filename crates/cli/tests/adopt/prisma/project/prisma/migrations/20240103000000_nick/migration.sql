-- AlterTable
ALTER TABLE "User" ADD COLUMN     "nick" TEXT;
