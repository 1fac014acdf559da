DROP TABLE "Order";
DROP TABLE "User";
DROP TYPE "State";
