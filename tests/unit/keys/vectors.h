/*
 * vectors: keys made with the official SDK (@mysten/sui 2.33.1), each with everything that is
 * computed from it. Test keys only: nothing of worth belongs to them.
 */
#ifndef ORRERY_TESTS_KEYS_VECTORS_H
#define ORRERY_TESTS_KEYS_VECTORS_H

struct key_vector {
    const char *seed;       /* hex */
    const char *suiprivkey; /* Bech32 */
    const char *base64;     /* as sui.keystore has it */
    const char *public_key; /* hex */
    const char *address;
    const char *digest;    /* hex, any 32 bytes */
    const char *signature; /* over them: Base64 of the serialized signature */
};

static const struct key_vector key_vectors[] = {
    {"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
     "suiprivkey1qqqqzqsrqszsvpcgpy9qkrqdpc83qygjzv2p29shrqv35xcur50p74yefn7",
     "AAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f",
     "03a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8",
     "0x160179a1565ea7cff27ead23f54cc7f50893bf58155cd7285156e57afa31c3ac",
     "93c5a554f5c896ba6d430f49e3f6933797f91a052e9ff01b94c8c5be11697bee",
     "AIdlRUZfNj0nEpMHhgNjGIs3K3JPPfKE3//YD/vP06k6Z3zsYMnHlNRBuhQ5FQR7B88esTicQfyvuPXwJLWWyAgDoQe/"
     "884Qvh1w3RjnS8CZZ+TWMJulDV8d3IZkElUxuA=="},
    {"ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
     "suiprivkey1qrllllllllllllllllllllllllllllllllllllllllllllllllll7q9367r",
     "AP//////////////////////////////////////////",
     "76a1592044a6e4f511265bca73a604d90b0529d1df602be30a19a9257660d1f5",
     "0x20a33b9a86e89aa22b4c6f7e4c53e8a37444c92a6f18a28bdbd7a37ba85e0646",
     "03765ff95119fed16c0aa4c245f6607fcf12ee9ec5ef7826770251c42186ff7c",
     "ADt65N/"
     "8OOVbg4Dz35JpaPwb3A4+yYIge4+xw1IpnPa+"
     "QcFFjufrfrQxm8PuU3PCcT23CeKtrdQQMoFKdQ7lXQl2oVkgRKbk9REmW8pzpgTZCwUp0d9gK+MKGakldmDR9Q=="},
    {"0000000000000000000000000000000000000000000000000000000000000001",
     "suiprivkey1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqz82yw0d",
     "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB",
     "4cb5abf6ad79fbf5abbccafcc269d85cd2651ed4b885b5869f241aedf0a5ba29",
     "0xd0c2c91eda34bbfbaec6cfb9c7bb913e57dab3cbec4018a4b3f5e55531cd63af",
     "1c52779ebb869e8b07eebe2a56a840b66f84c662ce749ccff1ca5930e1ed1507",
     "AI9neSY3g8b3aYIZGC5oTZNIh3Sw1vGR6vO9aiER0iugWp68ZjsJtFGq0olidjklb4ooungpwkx3S+"
     "fBsCEJvgNMtav2rXn79au8yvzCadhc0mUe1LiFtYafJBrt8KW6KQ=="},
    {"31e9c247f13717eb7b0c81a5c979a5fdf0da8b5a14f370d64100cec29d312a2d",
     "suiprivkey1qqc7nsj87ym306mmpjq6tjte5h7lpk5ttg20xuxkgyqvas5axy4z6x0j6vg",
     "ADHpwkfxNxfrewyBpcl5pf3w2otaFPNw1kEAzsKdMSot",
     "508113526dc07f3f799a2b77be9dd70ed70eca5dfcf326cfcfd32d5d92e117c9",
     "0xe31b2a61e25607aaad8b4602152cfa9253ff6a2293186ae29b0bd7b872baff36",
     "0710e96590e5ffc2a3c9631ddbdd037866a4a2209c5ddd52c19a7a43d63adc01",
     "AHyVB9TAu+fw04znc3DNOBXpRAiltbNYSuiW+5eGxCtiKRffS/pgndqqWXoX/"
     "+Ch27WnsFJb0glGMHnM+C2r3AdQgRNSbcB/P3maK3e+ndcO1w7KXfzzJs/P0y1dkuEXyQ=="},
    {"33ec4aea86238452655b50aec7357e10b64978b85185b6c2f22a9bc90525e08a",
     "suiprivkey1qqe7cjh2sc3cg5n9tdg2a3e40cgtvjtchpgctdkz7g4fhjg9yhsg5upk82v",
     "ADPsSuqGI4RSZVtQrsc1fhC2SXi4UYW2wvIqm8kFJeCK",
     "4612a424ec70c7c81f4fefedf1cc47a24c23f68abe7dab487d89a6f38752ad01",
     "0xfd7caf65f3c96a559d7ee8a8a7bd57dcbcff780a3a9b1298e9a4c714aa5da1ec",
     "db8f61bce56b6e1be617e60f90632df98f78af9d95168fb5037377851c62bec1",
     "AHlSldQyQyRIgz35y+gunbU6NFUbrJP8OAGzawtV2TR/"
     "8XXL064Cbm7zdBFOJdA6KRQR1T0KK4lHAct5iCorYgFGEqQk7HDHyB9P7+3xzEeiTCP2ir59q0h9iabzh1KtAQ=="},
    {"a3851efe4002b105a3c5483f07a350597728939859beec65aedf3d2d7ceee404",
     "suiprivkey1qz3c28h7gqptzpdrc4yr7par2pvhw2ynnpvmamr94m0n6ttuamjqgaatn6n",
     "AKOFHv5AArEFo8VIPwejUFl3KJOYWb7sZa7fPS187uQE",
     "d0ef64f5704fb4d7030377a97553c3365b5bec701ee5bb35e34acb95e45ca1f2",
     "0x2cfab854addb5e68040899716878e496c1e6054e67a85c702aecaf29e299881d",
     "623bf5da97d3838a2e2da8e42f0c7b1bc9abb2c333af82744e6967d06e27666f",
     "AJ/9vgsVtQZBwgtTusP5EesJj5G8v3AVpMK8heQ2wHnro2J4zIjGtDoOpEuBrt8FEsJWkPwA91B/"
     "DfKT6vsjfQLQ72T1cE+01wMDd6l1U8M2W1vscB7luzXjSsuV5Fyh8g=="},
    {"cff39cdb4b11fd078265370f6b12b71456fc596d3bf0a46b57a1991e14513810",
     "suiprivkey1qr8l88xmfvgl6puzv5ms76cjku29dlzed5alpfrt27sej8s52yupq3qlsc3",
     "AM/znNtLEf0HgmU3D2sStxRW/FltO/Cka1ehmR4UUTgQ",
     "090e163a2a862a7ef0eedf0ec4cda4117fd9205c803875975f1d83da82f1e1fd",
     "0x2cf35ccd25b12a2932b510ff14e9d4f727cf686bf95fc55527d2cd29284c1ea7",
     "8f1326553abb5ec2445371e515cf9acaac7b4a5421411c6a067208e9fc58c399",
     "ALoRlADd2Q3Oymloa63xc7hDDZoLVIMUcFsAndwrwK05vU9cVvVMpt/"
     "K5z4C4HRWBjuEFZAkCpylkeBkzGeAOgMJDhY6KoYqfvDu3w7EzaQRf9kgXIA4dZdfHYPagvHh/Q=="},
    {"7a44b9d760ad696cb04e36d9e3b5c8333893f1c1040a50d4a954dcd760fb88af",
     "suiprivkey1qpayfwwhvzkkjm9sfcmdnca4eqen3yl3cyzq55x5492de4mqlwy27tuu4p3",
     "AHpEuddgrWlssE422eO1yDM4k/HBBApQ1KlU3Ndg+4iv",
     "7d3fcaaa82e864f88a081a73da3af39a01350415e599b2799c40d9517379ca3c",
     "0x00adada48ee13270d7f26dbbf8794f19457d30dfdf8695879df5e99c957617ea",
     "508de57ec352cf9efcde67c2c039cc6ce0ca6ae3bd2d0a2ffb3b502610b3cf57",
     "ALMoSEt+nB9Ce94HvN0c74qOi0NxMeF4f8uuoAi1hQHpC/"
     "3qTzcMUl6BtfkcxMVFKG995s86XYp11XkDn1nH6Ad9P8qqguhk+IoIGnPaOvOaATUEFeWZsnmcQNlRc3nKPA=="},
    {"08644fdb1f444e9ab21633394f177245804f37321a867007045fa993b6a358d0",
     "suiprivkey1qqyxgn7mrazyax4jzcenjnchwfzcqnehxgdgvuq8q306nyak5dvdqkexc3h",
     "AAhkT9sfRE6ashYzOU8XckWATzcyGoZwBwRfqZO2o1jQ",
     "ff5862e7ddc85e3aa0e1a0249c63479234462954d14ee6d17919c9b68132ad90",
     "0x32ba739ca8c83a64786c588bfe044d5da800884224910ac3e156cfe90d6cd9d3",
     "5dd1e4f52f9f12d0802a4ee885a516406c52d118c6a101ba019000f85d7d3580",
     "AGAQF9XvTLEVoOEU57QfBStl1hoQ/kFJBSJHlPRJb8+OtcTMhmU9C8T19wPqmnUE5DdZtvrQHuxB8cHiUOlMlAn/"
     "WGLn3cheOqDhoCScY0eSNEYpVNFO5tF5Gcm2gTKtkA=="},
    {"e7e949d7808eb48b0ecdbae6c5e92e85f088457996bedb56266c55e1164a1a13",
     "suiprivkey1qrn7jjwhsz8tfzcwekawd30f96zlpzz90xttak6kyek9tcgkfgdpxhlr84s",
     "AOfpSdeAjrSLDs265sXpLoXwiEV5lr7bViZsVeEWShoT",
     "d43de6e66fe6e39a73d56edc002b011c94596eaac2e80ed9c4e994dc19da8016",
     "0x9b7ebe988d345b8d6a1f16922f38cc2aefaa65e13ba8bac2d3e3dd7df994d9d5",
     "d397d95836dbd732dac4cd4c9ca2617da108b9b2a3eb1e1d64e812b72be88e88",
     "ANqRUyGvLXhZ65JxL9JeG1HAJAxqQJa3VZ4i/qsFCYEb7/"
     "MYIVsuFZtSs7NnMlPSrAo51PHUTHtTCk5OWXpNfA3UPebmb+bjmnPVbtwAKwEclFluqsLoDtnE6ZTcGdqAFg=="},
    {"d7d09ad096ded6515431e01d4b5dd8dd6c0a4aed3d748b95cc4ce2c702a45f79",
     "suiprivkey1qrtapxksjm0dv525x8sp6j6amrwkczj2a57hfzu4e3xw93cz530hjhd7f3j",
     "ANfQmtCW3tZRVDHgHUtd2N1sCkrtPXSLlcxM4scCpF95",
     "ad19cbfe232ee9111f391ae3c514ef3fd42f567ac211a8818cc3ef905fb60c41",
     "0x5b37fbfe3b22c6959d0a638d490b4c43d736795bd8e27a0d08893b9bf1cdf88e",
     "8b72f53440667c43f4678a3fc869b541f63d6193dd90c7f0b79f3b5a49500b83",
     "AN3oBr/kayjUT3rm/+2TFMqTiiQ22+CkcbdN2eGQrC60ssRy6zqwufmK5LaRU0rkkuPjuUyugjBGBBR/"
     "XlYaCwatGcv+Iy7pER85GuPFFO8/1C9WesIRqIGMw++QX7YMQQ=="},
    {"3b0c8c9b476eaffdf569062b9b1cad8205128bc1df3816d19062919830f0191b",
     "suiprivkey1qqaserymgah2ll04dyrzhxcu4kpq2y5tc80ns9k3jp3frxps7qv3k9nd5de",
     "ADsMjJtHbq/99WkGK5scrYIFEovB3zgW0ZBikZgw8Bkb",
     "6ece45da5a981f7447a8cf05dca7f68e905dafcfad0d67815c712bf6558d53d3",
     "0xf2642e2bb1036616ea5a10f7c71a8e094921d70eb03a1271856b7a37744b492a",
     "4c48e5b965f0ac8e21fbb85b7ab7ae85b465bb77ee941e022550d7aec36e5a81",
     "AJSCQNk1xWPW3EOfdKCq8mfjujlF931/"
     "pliy6JfPh6pYxf2TRtwvBfhbWo61n2xAv4oNALTAMrqfZCu1wFzM0A5uzkXaWpgfdEeozwXcp/"
     "aOkF2vz60NZ4FccSv2VY1T0w=="},
};

#define KEY_VECTORS (sizeof key_vectors / sizeof *key_vectors)

/* A key of another scheme. */
#define KEY_VECTOR_SECP256K1                                                                       \
    "suiprivkey1qyh5e3urfmqx2rnlfavqzkzpd0tzm8xld4nqfvyfx0jtgy7ctrq3uag4hlw"
#define KEY_VECTOR_SECP256K1_BASE64 "AS9Mx4NOwGUOf09YAVhBa9YtnN9tZgSwiTPktBPYWMEe"

#endif
