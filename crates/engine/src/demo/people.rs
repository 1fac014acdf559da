//! Invented people and what they write about themselves.

use fastrand::Rng;

const FIRST_NAMES: [&str; 24] = [
    "Ana",
    "Bruno",
    "Camila",
    "Daniel",
    "Eduarda",
    "Felipe",
    "Gabriela",
    "Henrique",
    "Isabela",
    "João",
    "Karina",
    "Lucas",
    "Mariana",
    "Nuno",
    "Olívia",
    "Paulo",
    "Raquel",
    "Sofia",
    "Tiago",
    "Valentina",
    "Wagner",
    "Yara",
    "Zeca",
    "Beatriz",
];

const LAST_NAMES: [&str; 20] = [
    "Almeida", "Araújo", "Barbosa", "Carvalho", "Costa", "Dias", "Ferreira", "Gomes", "Lima", "Lopes",
    "Martins", "Mendes", "Moura", "Nogueira", "Oliveira", "Pereira", "Ribeiro", "Rocha", "Santos", "Souza",
];

const BIOS: [&str; 16] = [
    "Atravessa pontes a pé.",
    "Café antes de qualquer commit.",
    "Coleciona mapas antigos.",
    "Corre na orla às seis.",
    "Cultiva tomates na varanda.",
    "Desenha tipografia à mão.",
    "Ensina matemática para adultos.",
    "Escreve cartas, no papel.",
    "Fotografa estações de trem.",
    "Lê o manual até o fim.",
    "Nada em água fria.",
    "Pedala para o trabalho.",
    "Restaura rádios de válvula.",
    "Toca choro aos domingos.",
    "Traduz poesia.",
    "Vê o mar da janela.",
];

/// Somebody new.
pub(super) struct Person {
    pub(super) nome: String,
    pub(super) email: String,
    pub(super) bio: &'static str,
    pub(super) telefone: String,
}

/// Somebody who signs up at `node`. `number` is theirs alone there, and `season` tells one demo from another, so that no two
/// people have the same address, wherever they sign up.
pub(super) fn person(rng: &mut Rng, node: &str, season: u64, number: u64) -> Person {
    let (first, last) = (pick(rng, &FIRST_NAMES), pick(rng, &LAST_NAMES));
    Person {
        nome: format!("{first} {last}"),
        email: format!(
            "{}.{}.{season:x}.{number}@{node}.example",
            plain(first),
            plain(last)
        ),
        bio: bio(rng),
        telefone: telefone(rng),
    }
}

/// What somebody says about themselves.
pub(super) fn bio(rng: &mut Rng) -> &'static str {
    pick(rng, &BIOS)
}

/// Two people who do not say the same.
pub(super) fn different_bios(rng: &mut Rng) -> [&'static str; 2] {
    let first = rng.usize(..BIOS.len());
    let step = rng.usize(1..BIOS.len());
    [BIOS[first], BIOS[(first + step) % BIOS.len()]]
}

/// A telephone number in Brazil.
pub(super) fn telefone(rng: &mut Rng) -> String {
    let (area, prefix, rest) = (rng.u32(11..99), rng.u32(9000..10_000), rng.u32(0..10_000));
    format!("+55 {area} 9{prefix}-{rest:04}")
}

fn pick(rng: &mut Rng, from: &[&'static str]) -> &'static str {
    from[rng.usize(..from.len())]
}

/// A name as addresses spell it.
fn plain(name: &str) -> String {
    let letter = |c: char| match c {
        'á' | 'â' | 'ã' => 'a',
        'é' | 'ê' => 'e',
        'í' => 'i',
        'ó' | 'ô' | 'õ' => 'o',
        'ú' => 'u',
        'ç' => 'c',
        other => other,
    };
    name.to_lowercase().chars().map(letter).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rivals_never_say_the_same() {
        let mut rng = Rng::with_seed(3);
        assert!(
            (0..1_000)
                .map(|_| different_bios(&mut rng))
                .all(|[one, other]| one != other)
        );
    }

    #[test]
    fn addresses_are_plain_and_tell_nodes_and_people_apart() {
        let mut rng = Rng::with_seed(7);
        let one = person(&mut rng, "replit", 31, 1);
        assert!(one.email.is_ascii(), "{}", one.email);
        assert!(one.email.ends_with(".1f.1@replit.example"), "{}", one.email);
    }
}
