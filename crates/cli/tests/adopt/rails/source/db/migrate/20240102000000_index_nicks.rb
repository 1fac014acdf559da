class IndexNicks < ActiveRecord::Migration[6.1]
  disable_ddl_transaction!

  def change
    add_column :users, :nick, :string
    add_index :users, :nick, algorithm: :concurrently
  end
end
