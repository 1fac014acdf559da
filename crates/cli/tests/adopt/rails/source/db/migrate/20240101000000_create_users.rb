class CreateUsers < ActiveRecord::Migration[6.1]
  def change
    enable_extension "pgcrypto"
    create_table :users do |t|
      t.string :email, null: false, index: { unique: true }
      t.uuid :token, null: false, default: -> { "gen_random_uuid()" }
      t.timestamps
    end
  end
end
